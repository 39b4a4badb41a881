/** The name under which our hub stands in every table. */
export const hubName = 'guildhall';

/** The same with all services in one process (`up --single`), where both are measured beside each other. */
export const singleName = `${hubName}-single`;
